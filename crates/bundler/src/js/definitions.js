/**
 * Reads what a project's functions say of themselves.
 *
 * Runs in the function runtime, bundled together with every function of the project: zod schemas exist only as
 * objects of the project's own zod, so they are turned into JSON Schema here, next to them. What can be judged
 * from data alone (frequencies, names, duplicates) is left to the caller; here only what needs the live objects.
 */

const TYPES = { sync: 'createSync', action: 'createAction', onEvent: 'createOnEvent', config: 'createConfig' };

/** zod has no JSON Schema for these; JSON has a form for both. */
function override({ zodSchema, jsonSchema }) {
    const { type } = zodSchema._zod.def;
    if (type === 'date') {
        jsonSchema.type = 'string';
        jsonSchema.format = 'date-time';
    } else if (type === 'void') {
        jsonSchema.type = 'null';
    } else if (type === 'object' && zodSchema._zod.def.catchall === undefined) {
        // A plain object lets other properties through; only a strict one does not. zod's output schemas forget that.
        delete jsonSchema.additionalProperties;
    }
}

/** Rewrites every `$ref` below `node` with `rename`. */
function renameReferences(node, rename) {
    if (Array.isArray(node)) return node.map((item) => renameReferences(item, rename));
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(
        Object.entries(node).map(([key, value]) => [
            key,
            key === '$ref' && typeof value === 'string' ? rename(value) : renameReferences(value, rename),
        ]),
    );
}

/**
 * Adds `schema` to `definitions` under `name`. zod gives a document of its own per schema; its root becomes one of
 * our definitions and the definitions inside it move up beside it, so references are rewritten to the new places.
 */
function addSchema(definitions, toJSONSchema, name, schema, io) {
    if (!schema?._zod) throw new Error('it is not a zod 4 schema');
    if (!toJSONSchema) throw new Error('zod 4 is not installed in the project');
    const document = toJSONSchema(schema, { target: 'draft-7', unrepresentable: 'any', io, override });
    const { $schema, definitions: inner = {}, ...root } = document;
    const prefix = '#/definitions/';
    // `__schema0` and so on are zod's own names, unique only within one document.
    const moved = (key) => (key.startsWith('__') ? `${name}${key}` : key);
    const rename = (reference) => {
        if (reference === '#') return prefix + name;
        return reference.startsWith(prefix) ? prefix + moved(reference.slice(prefix.length)) : reference;
    };
    definitions[name] = renameReferences(root, rename);
    for (const [key, value] of Object.entries(inner)) definitions[moved(key)] ??= renameReferences(value, rename);
}

const text = (value) => (typeof value === 'string' ? value : null);
const texts = (value) => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);

const EFFECTS = ['none', 'run', 'resync'];

/** Whether JSON can say all of it: what is not so would be lost on the way to the server. */
const isPlain = (value) => JSON.stringify(value) !== undefined && typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether a schema has checks that JSON Schema cannot say: `refine`, `superRefine`, `z.custom`, transformations. It looks at
 * everything that a zod schema is made of.
 */
function refines(schema, seen = new Set()) {
    if (typeof schema !== 'object' || schema === null || seen.has(schema)) return false;
    seen.add(schema);
    const definition = schema._zod?.def;
    if (definition === undefined) return Object.values(schema).some((part) => refines(part, seen));
    if (definition.check === 'custom' || ['custom', 'transform', 'overwrite'].includes(definition.type ?? definition.check)) return true;
    const parts = definition.type === 'lazy' ? [definition.getter()] : Object.values(definition);
    return parts.some((part) => refines(part, seen));
}

/** What an integration's `config.ts` says. Its schema is the `metadata` of a function. */
function describeConfig(toJSONSchema, integration, definition) {
    const problems = [];
    const problem = (property, message) => problems.push({ property, message });
    const { version, schema, defaults, migrate, onChange, ui } = definition;
    if (!Number.isInteger(version) || version < 1) problem('version', 'version counts the schema\'s versions: a whole number from 1');
    const definitions = {};
    const name = `Config_${integration.replace(/[^a-zA-Z0-9]/g, '_')}`;
    try {
        addSchema(definitions, toJSONSchema, name, schema, 'input');
    } catch (error) {
        problem('schema', `schema cannot be read as a schema: ${error.message}`);
    }
    if (defaults !== undefined && !isPlain(defaults)) problem('defaults', 'defaults must be an object of JSON');
    if (ui !== undefined && JSON.stringify(ui) === undefined) problem('ui', 'ui must be JSON');
    const steps = Object.entries(migrate ?? {});
    for (const [step, migration] of steps) {
        const number = Number(step);
        if (!Number.isInteger(number) || number < 2 || number > version) {
            problem('migrate', `migrate has a step to \`${step}\`; steps lead to the versions 2 to ${version}`);
        } else if (typeof migration !== 'function') {
            problem('migrate', `migrate[${step}] must be a function`);
        }
    }
    for (const [path, effect] of Object.entries(onChange ?? {})) {
        if (!EFFECTS.includes(effect)) problem('onChange', `onChange of \`${path}\` must be ${EFFECTS.join(', ')}`);
    }
    return {
        problems,
        type: 'config',
        description: text(definition.description),
        version: String(version),
        metadata: name,
        json_schema: { definitions },
        config: {
            version,
            defaults: defaults ?? {},
            migrate: steps.map(([step]) => Number(step)),
            on_change: onChange ?? {},
            ui: ui ?? null,
            refines: problems.length === 0 && refines(schema),
        },
    };
}

/** What one function says of itself; `problems` is what cannot be said, each with the property it is about. */
function describeFunction(toJSONSchema, { integration, name, exports }) {
    const definition = exports.default;
    const helper = TYPES[definition?.type];
    if (!helper) {
        const message = 'the file must default-export the result of createSync, createAction, createOnEvent or createConfig';
        return { problems: [{ property: 'default', message }] };
    }
    if (definition.type === 'config') return describeConfig(toJSONSchema, integration, definition);
    const problems = [];
    if (typeof definition.exec !== 'function') {
        problems.push({ property: 'exec', message: `${helper} needs an exec function` });
    }

    const definitions = {};
    const suffix = `${integration.replace(/[^a-zA-Z0-9]/g, '_')}_${name.replace(/[^a-zA-Z0-9]/g, '')}`;
    /** Adds a schema and gives its name back, or reports why it cannot be read. */
    const add = (property, schemaName, schema, io) => {
        try {
            addSchema(definitions, toJSONSchema, schemaName, schema, io);
            return schemaName;
        } catch (error) {
            problems.push({ property, message: `${property} cannot be read as a schema: ${error.message}` });
            return null;
        }
    };
    /** A schema that may be left out; `z.void()` says the same. */
    const addOptional = (property, schemaName) => {
        const schema = definition[property];
        if (schema === undefined || schema?._zod?.def.type === 'void') return null;
        return add(property, schemaName, schema, 'input');
    };

    const kind = { sync: 'Sync', action: 'Action', onEvent: 'OnEvent' }[definition.type];
    const isSync = definition.type === 'sync';
    const isAction = definition.type === 'action';
    const models = isSync ? Object.entries(definition.models ?? {}) : [];
    for (const [model, schema] of models) add('models', model, schema, 'output');
    return {
        problems,
        type: definition.type,
        description: text(definition.description),
        version: text(definition.version),
        frequency: isSync ? text(definition.frequency) : null,
        auto_start: definition.autoStart === true,
        track_deletes: definition.trackDeletes === true,
        sync_type: text(definition.syncType),
        scopes: texts(definition.scopes),
        event: text(definition.event),
        webhook_subscriptions: texts(definition.webhookSubscriptions),
        preview_reads: texts(definition.previewReads),
        runs_unconfigured: isAction && definition.runsUnconfigured === true,
        endpoints: definition.endpoints ?? (definition.endpoint ? [definition.endpoint] : []),
        models: models.map(([model]) => model),
        limits: definition.limits ?? null,
        input: isAction ? add('input', `ActionInput_${suffix}`, definition.input, 'input') : null,
        output: isAction ? add('output', `ActionOutput_${suffix}`, definition.output, 'output') : null,
        metadata: addOptional('metadata', `${kind}Metadata_${suffix}`),
        checkpoint: addOptional('checkpoint', `${kind}Checkpoint_${suffix}`),
        json_schema: { definitions },
    };
}

/**
 * Describes `functions` (`{integration, name, exports}`, `exports` being the namespace of the function's module), in their order.
 * `toJSONSchema` is that of the project's zod, undefined when it has none.
 */
export function describe(toJSONSchema, functions) {
    return functions.map((each) => describeFunction(toJSONSchema, each));
}
