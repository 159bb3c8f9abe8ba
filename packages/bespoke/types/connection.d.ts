/** An API key. */
export interface ApiKeyCredentials {
    type: 'API_KEY';
    apiKey: string;
}

/** User name and password. */
export interface BasicCredentials {
    type: 'BASIC';
    username: string;
    password: string;
}

/** OAuth 2 tokens. */
export interface OAuth2Credentials {
    type: 'OAUTH2';
    access_token: string;
    /** Only when `getConnection` was asked for it. */
    refresh_token?: string;
    /** ISO 8601. */
    expires_at?: string | Date;
    /** The token response as the provider gave it. */
    raw: Record<string, any>;
}

/** An OAuth 1 token. */
export interface OAuth1Token {
    oAuthToken: string;
    oAuthTokenSecret: string;
}

/** OAuth 1 credentials. */
export interface OAuth1Credentials {
    type: 'OAUTH1';
    oauth_token: string;
    oauth_token_secret: string;
    raw: Record<string, any>;
}

/** An OAuth 2 token that belongs to the application. */
export interface OAuth2ClientCredentials {
    type: 'OAUTH2_CC';
    token: string;
    client_id: string;
    client_secret: string;
    /** ISO 8601. */
    expires_at?: string | Date;
    raw: Record<string, any>;
}

/** Every other kind; its fields are the provider's. */
export interface OtherCredentials {
    type: 'APP' | 'APP_STORE' | 'AWS_SIGV4' | 'BILL' | 'CUSTOM' | 'JWT' | 'SIGNATURE' | 'TBA' | 'TWO_STEP';
    [field: string]: any;
}

/** The API needs none. */
export interface NoCredentials {
    type?: undefined;
}

/** What opens the customer's account. */
export type Credentials =
    | ApiKeyCredentials
    | BasicCredentials
    | OAuth1Credentials
    | OAuth2Credentials
    | OAuth2ClientCredentials
    | OtherCredentials
    | NoCredentials;

/** A provider that was set up in the environment. */
export interface Integration {
    unique_key: string;
    provider: string;
    display_name: string;
    logo: string;
    /** Whether webhooks are passed on to the backend. */
    forward_webhooks: boolean;
    created_at: string;
    updated_at: string;
    /** Where the provider sends webhooks; when `include` asks for it. */
    webhook_url?: string | null;
    /** The client's id and secret; when `include` asks for them. */
    credentials?: Record<string, any> | null;
}

/** The customer's user who made a connection. */
export interface EndUser {
    id: string;
    display_name: string | null;
    email: string | null;
    tags: Record<string, string>;
    organization: { id: string; display_name: string | null } | null;
}

/** One customer's account at an integration. */
export interface Connection<Metadata = Record<string, any>> {
    id: number;
    /** The id that your backend knows. */
    connection_id: string;
    provider_config_key: string;
    provider: string;
    credentials: Credentials;
    /** Values for the provider's address, e.g. a subdomain. */
    connection_config: Record<string, any>;
    /** The customer's configuration as it is stored; null when it was never set. `getMetadata` is what a function should read. */
    metadata: Metadata | null;
    tags: Record<string, string>;
    end_user: EndUser | null;
    /** ISO 8601, as every time here. */
    created_at: string;
    updated_at: string;
    last_fetched_at: string | null;
    errors: { type: string; log_id: string }[];
}
