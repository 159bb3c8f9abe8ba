import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'Closes a ticket.',
    version: '2.1.0',
    endpoint: { method: 'POST', path: '/tickets/close', group: 'Tickets' },
    input: z.object({ id: z.string(), reason: z.string().optional() }),
    output: z.object({ id: z.string(), closed: z.boolean() }),

    exec: async (nango, input) => {
        const response = await nango.post<{ closed: boolean }>({
            endpoint: `/tickets/${input.id}/close`,
            data: { reason: input.reason ?? 'done' },
            retries: 3,
        });
        return { id: input.id, closed: response.data.closed };
    },
});
