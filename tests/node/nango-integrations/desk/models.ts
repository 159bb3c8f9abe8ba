import { z } from 'zod';

/** What a customer can decide for themselves. */
export const DeskMetadata = z.object({
    /** Only tickets of this queue. */
    queue: z.string().optional(),
    /** The name of the customer's own field that holds the priority. */
    priorityField: z.string().default('priority'),
});

export const Ticket = z.object({
    id: z.string(),
    subject: z.string(),
    priority: z.string().nullable(),
});

/** A ticket as the desk answers it. */
export interface DeskTicket {
    number: number;
    subject: string;
    [field: string]: unknown;
}
