// <bespoke-configure token="…" host="https://bespoke.example">: the configuration page in an iframe that sizes itself.
// The token stays in the frame's origin, nothing of your page's styles leaks in, and your CSP needs only `frame-src <host>`.

const LEAST_HEIGHT = 420;
const themed = ['accent', 'canvas', 'surface', 'ink', 'radius', 'font'];

// Where there is no DOM (a server that renders your page), the module loads and defines nothing.
const Base = globalThis.HTMLElement ?? class {};

export class BespokeConfigure extends Base {
    static observedAttributes = ['token', 'host', 'label'];

    #frame = null;
    #heard = (event) => this.#hear(event);

    connectedCallback() {
        this.style.display ||= 'block';
        window.addEventListener('message', this.#heard);
        this.#load();
    }

    disconnectedCallback() {
        window.removeEventListener('message', this.#heard);
        this.#frame?.remove();
        this.#frame = null;
    }

    attributeChangedCallback(_name, before, after) {
        if (this.isConnected && before !== after) this.#load();
    }

    get token() {
        return this.getAttribute('token');
    }

    set token(token) {
        if (token === null || token === undefined) this.removeAttribute('token');
        else this.setAttribute('token', token);
    }

    get host() {
        return this.getAttribute('host');
    }

    set host(host) {
        this.setAttribute('host', host);
    }

    /** Sends the theme again, after the CSS variables of the element have changed. */
    applyTheme() {
        const styles = getComputedStyle(this);
        const theme = {};
        for (const name of themed) {
            const value = styles.getPropertyValue(`--bespoke-${name}`).trim();
            if (value) theme[name] = value;
        }
        const mode = this.getAttribute('theme');
        if (mode) theme.mode = mode;
        if (Object.keys(theme).length > 0) this.#frame?.contentWindow?.postMessage({ type: 'bespoke:theme', theme }, this.#origin());
    }

    #origin() {
        return new URL(this.host ?? location.origin, location.href).origin;
    }

    #load() {
        this.#frame?.remove();
        this.#frame = null;
        if (!this.token) return;
        const frame = document.createElement('iframe');
        frame.title = this.getAttribute('label') ?? 'Settings';
        frame.referrerPolicy = 'origin';
        frame.style.cssText = `border:0;display:block;width:100%;height:${LEAST_HEIGHT}px;color-scheme:normal`;
        // Behind `#`, so that neither a server nor a log sees it.
        const fragment = new URLSearchParams({ token: this.token, origin: location.origin });
        frame.src = `${this.#origin()}/configure#${fragment}`;
        this.#frame = frame;
        this.append(frame);
    }

    #hear({ source, origin, data }) {
        const frame = this.#frame;
        if (!frame || source !== frame.contentWindow || origin !== this.#origin() || typeof data?.type !== 'string') return;
        switch (data.type) {
            case 'bespoke:ready':
                this.applyTheme();
                return this.#tell('ready');
            case 'bespoke:resize':
                if (Number.isFinite(data.height)) frame.style.height = `${Math.min(Math.max(data.height, LEAST_HEIGHT), 20_000)}px`;
                return undefined;
            case 'bespoke:saved':
                return this.#tell('saved', { revision: data.revision });
            case 'bespoke:closed':
                return this.#tell('closed');
            case 'bespoke:error':
                return this.#tell('error', { code: data.code, message: data.message });
            default:
                return undefined;
        }
    }

    #tell(name, detail) {
        this.dispatchEvent(new CustomEvent(name, { detail }));
    }
}

if (globalThis.customElements && !customElements.get('bespoke-configure')) customElements.define('bespoke-configure', BespokeConfigure);
