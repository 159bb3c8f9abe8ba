//! Deployments that are right.

use serde_json::{Value, json};

const SYNC: &str = "
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = { type: 'sync', exec: async (nango) => { await nango.batchSave([{ id: `${1 + 1}` }], 'Contact'); } };
";
const ACTION: &str = "
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = { type: 'action', exec: async (nango, input) => ({ found: [/a(b)?/.test(input.id)] }) };
";
const EVENT: &str = "
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = { type: 'onEvent', event: 'post-connection-creation', exec: async () => {} };
";

/// What the official CLI sends.
pub(super) fn nango() -> Value {
    let schema = json!({ "definitions": {
        "Contact": { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] },
        "Input": { "$ref": "#/definitions/Contact" },
    } });
    json!({
        "flowConfigs": [
            {
                "type": "sync", "syncName": "contacts", "providerConfigKey": "none", "models": ["Contact"], "runs": "every hour",
                "auto_start": true, "track_deletes": false, "attributes": {}, "metadata": { "scopes": ["read"], "description": "All." },
                "endpoints": [{ "method": "GET", "path": "/contacts", "group": "Contacts" }], "version": "1.0.0", "sync_type": "full",
                "webhookSubscriptions": ["contact.created"], "features": [], "fileBody": { "js": SYNC, "ts": "// contacts" },
                "models_json_schema": schema, "input": "Input",
            },
            {
                "type": "action", "syncName": "find", "providerConfigKey": "none", "models": ["Contact"], "runs": null,
                "metadata": { "scopes": [], "description": "" }, "endpoints": [], "fileBody": { "js": ACTION, "ts": "// find" },
                "models_json_schema": schema, "input": "Input",
            },
        ],
        "onEventScriptsByProvider": [{ "providerConfigKey": "none", "scripts": [
            { "name": "hello", "fileBody": { "js": EVENT, "ts": "// hello" }, "event": "post-connection-creation" },
        ]}],
        "reconcile": false, "debug": false, "deployMode": "all", "sdkVersion": "0.71.10-zero",
    })
}

const SHARED: &str = "export const add = (a, b) => a + b;\nexport class NotFound extends Error {}\n";
const MAPPED: &str = "
import { add, NotFound } from './shared-1.js';
export default { type: 'action', exec: async (nango, input) => {
    if (/a(b)?/.test(input.id)) throw new NotFound(`no ${input.id}`);
    return { id: `${add(1, 1)}` };
} };
";
const MAP: &str =
    r#"{"version":3,"sources":["none/actions/find.ts"],"names":["add"],"mappings":"AAAA;AACA,SAAS;AACT"}"#;

/// What `bespoke deploy` sends.
pub(super) fn own() -> Value {
    let schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "definitions": {
        "Contact": { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] },
        "Input": { "$ref": "#/definitions/Contact" },
    } });
    json!({
        "scope": { "kind": "integration", "integration": "none" },
        "origin": "repo",
        "untouched": ["on-event"],
        "functions": [
            {
                "integration": "none", "kind": "sync", "name": "contacts", "description": "All.", "version": null,
                "frequency": "every hour", "auto_start": true, "track_deletes": false, "sync_type": "full", "scopes": ["read"],
                "webhook_subscriptions": ["contact.created"], "endpoints": [], "models": ["Contact"],
                "limits": { "timeout": "5m", "memory": "64MB" },
                "metadata": "Input", "checkpoint": "Contact", "json_schema": schema, "modules": ["contacts-1.js", "shared-1.js"],
                "source": { "path": "none/syncs/contacts.ts", "code": "// contacts" }, "content": "ab".repeat(32),
            },
            {
                "integration": "none", "kind": "action", "name": "find", "version": "1.0.0", "input": "Input", "output": "Contact",
                "limits": { "concurrency": 2 },
                "json_schema": schema, "modules": ["find-1.js", "shared-1.js"],
                "source": { "path": "none/actions/find.ts", "code": "// find" },
            },
            {
                "integration": "none", "kind": "on-event", "name": "hello", "event": "post-connection-creation",
                "modules": ["hello-1.cjs"], "source": { "path": "none/on-events/hello.ts", "code": "// hello" },
            },
        ],
        "modules": {
            "contacts-1.js": { "code": "import { add } from './shared-1.js'; export default { type: 'sync', exec: async (nango) => { await nango.batchSave([{ id: `${add(1, 1)}` }], 'Contact'); } };" },
            "find-1.js": { "code": MAPPED, "map": MAP },
            "hello-1.cjs": { "code": EVENT },
            "shared-1.js": { "code": SHARED },
        },
    })
}
