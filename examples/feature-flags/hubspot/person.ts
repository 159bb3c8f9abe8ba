import { z } from 'zod';

/** A person as our product knows it. What a customer has not switched on is null. */
export const Person = z.object({
    id: z.string(),
    email: z.string().nullable(),
    fullName: z.string().nullable(),
    active: z.boolean(),
});
export type Person = z.infer<typeof Person>;

/** What is switched on for a customer. Everything is off until someone says otherwise: a new flag changes nobody's data. */
export const Configuration = z.object({
    features: z
        .object({
            /** People that the CRM calls inactive come too. */
            inactivePeople: z.boolean().default(false),
            /** First and last name are kept. Some customers may not give us names. */
            names: z.boolean().default(false),
            /** What our users change is written back to the CRM. */
            writeBack: z.boolean().default(false),
        })
        .prefault({}),
});
export type Features = z.infer<typeof Configuration>['features'];

/** A contact as HubSpot sends it: exactly the properties that were asked for. */
export interface HubSpotContact {
    id: string;
    properties: Record<string, string | null | undefined>;
}

/** The properties that these features need: what is off is not even asked for. */
export function properties(features: Features): string[] {
    return ['email', 'status', ...(features.names ? ['firstname', 'lastname'] : [])];
}

export function toPerson({ id, properties }: HubSpotContact, features: Features): Person {
    const names = [properties['firstname'], properties['lastname']].filter(Boolean);
    return {
        id,
        email: properties['email'] ?? null,
        fullName: features.names && names.length > 0 ? names.join(' ') : null,
        active: properties['status'] !== 'inactive',
    };
}
