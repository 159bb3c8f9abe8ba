import { z } from 'zod';

/** A contact as our product knows it, whatever the customer's CRM calls its fields. */
export const Contact = z.object({
    id: z.string(),
    /** The customer's own number for the contact. */
    internalId: z.string().nullable(),
    email: z.string().nullable(),
});
export type Contact = z.infer<typeof Contact>;

/** What differs from customer to customer. */
export const Configuration = z.object({
    fieldMapping: z.object({
        /** The CRM field that holds the customer's own number. */
        internal_id: z.string().min(1),
    }),
    /** Only contacts of this status; all when it is not set. */
    filterStatus: z.string().optional(),
});
export type Configuration = z.infer<typeof Configuration>;

/** A contact as HubSpot sends it: exactly the properties that were asked for. */
export interface HubSpotContact {
    id: string;
    properties: Record<string, string | null | undefined>;
}

/** Reads a HubSpot contact with the customer's mapping. */
export function toContact(contact: HubSpotContact, { fieldMapping }: Configuration): Contact {
    return {
        id: contact.id,
        internalId: contact.properties[fieldMapping.internal_id] ?? null,
        email: contact.properties['email'] ?? null,
    };
}
