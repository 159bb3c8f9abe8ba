import { z } from 'zod';

/** A contact as our product knows it, whatever the customer's CRM calls its fields. */
export const Contact = z.object({
    id: z.string(),
    /** The customer's own number for the contact. */
    internalId: z.string().nullable(),
    email: z.string().nullable(),
    /** What the customer groups people by, where they have mapped it. */
    team: z.string().nullable().optional(),
    /** First and last name, where the customer wants them here. */
    name: z.string().nullable().optional(),
});
export type Contact = z.infer<typeof Contact>;

/** Which of the customer's fields we mean by which of ours. */
export const Mapping = z.object({
    internal_id: z
        .string()
        .min(1)
        .meta({ title: 'Internal number', description: "The company's own number for a contact", ui: { type: 'text' } }),
    team: z
        .string()
        .min(1)
        .optional()
        .meta({ title: 'Team', description: 'What people are grouped by in reports', ui: { type: 'text' } }),
});

/** One condition that contacts have to meet. */
export const Filter = z.object({
    field: z.string().min(1).meta({ title: 'Field' }),
    op: z.enum(['is', 'is not', 'has any value']).meta({ title: 'Condition' }),
    value: z.string().optional().meta({ title: 'Value' }),
});
type Filter = z.infer<typeof Filter>;

/** What a customer may switch on: off until someone says otherwise. */
export const Feature = z.boolean().optional();

/** What differs from customer to customer. */
export const Configuration = z.object({
    fieldMapping: Mapping,
    /** Only contacts of this status; all when it is not set. */
    filterStatus: z.string().optional(),
    /** Only contacts that meet all of these. */
    filters: z.array(Filter).optional(),
    features: z.object({ names: Feature }).optional(),
});
export type Configuration = z.infer<typeof Configuration>;

const operators = { is: 'EQ', 'is not': 'NEQ', 'has any value': 'HAS_PROPERTY' } as const;

/** The conditions in HubSpot's words; none where the customer wants all contacts. */
export function conditions({ filterStatus, filters = [] }: Configuration) {
    const status: Filter[] = filterStatus ? [{ field: 'status', op: 'is', value: filterStatus }] : [];
    return [...status, ...filters].map(({ field, op, value }) => ({
        propertyName: field,
        operator: operators[op],
        ...(op !== 'has any value' && { value: value ?? '' }),
    }));
}

/** The properties that this customer's contacts are made of. */
export function properties({ fieldMapping, features }: Configuration): string[] {
    const mapped = [fieldMapping.internal_id, ...(fieldMapping.team ? [fieldMapping.team] : [])];
    return ['email', ...mapped, ...(features?.names ? ['firstname', 'lastname'] : [])];
}

/** A contact as HubSpot sends it: exactly the properties that were asked for. */
export interface HubSpotContact {
    id: string;
    properties: Record<string, string | null | undefined>;
}

/** Reads a HubSpot contact with the customer's mapping. */
export function toContact({ id, properties }: HubSpotContact, { fieldMapping, features }: Configuration): Contact {
    const of = (name: string) => properties[name] ?? null;
    return {
        id,
        internalId: of(fieldMapping.internal_id),
        email: of('email'),
        ...(fieldMapping.team && { team: of(fieldMapping.team) }),
        ...(features?.names && { name: [of('firstname'), of('lastname')].filter(Boolean).join(' ') || null }),
    };
}
