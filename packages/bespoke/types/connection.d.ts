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

/** The API needs none. */
export interface NoCredentials {
    type?: undefined;
}

/** What opens the customer's account. */
export type Credentials = ApiKeyCredentials | BasicCredentials | OAuth2Credentials | NoCredentials;

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
