/**
 * `<bespoke-configure token="…" host="https://bespoke.example">`: the page on which a customer configures their connection.
 * The token comes from `POST /configure/sessions`.
 */
export class BespokeConfigure extends HTMLElement {
    /** The session's token. A new one loads the page anew. */
    token: string | null;
    /** Where Bespoke is; your own origin unless given. */
    host: string | null;
    /** Sends the theme again, after the CSS variables of the element have changed. */
    applyTheme(): void;
    addEventListener<K extends keyof BespokeConfigureEvents>(
        type: K,
        listener: (event: BespokeConfigureEvents[K]) => void,
        options?: boolean | AddEventListenerOptions,
    ): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** What the element tells. */
export interface BespokeConfigureEvents {
    /** The page can be used. */
    ready: CustomEvent<void>;
    /** The customer has saved. */
    saved: CustomEvent<{ revision: number }>;
    /** The customer has pressed "Close". */
    closed: CustomEvent<void>;
    /** The page could not be shown, or something was not saved. */
    error: CustomEvent<{ code: string; message: string }>;
}

declare global {
    interface HTMLElementTagNameMap {
        'bespoke-configure': BespokeConfigure;
    }
}
