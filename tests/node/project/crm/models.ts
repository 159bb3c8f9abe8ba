import { z } from 'zod';

export const Contact = z.object({ id: z.string(), internalId: z.string().nullable(), email: z.string() });

export const Configuration = z.object({
    fieldMapping: z.object({ internal_id: z.string() }),
    filterStatus: z.string().optional(),
});
