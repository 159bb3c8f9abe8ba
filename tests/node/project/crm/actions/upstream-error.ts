import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'Asks an endpoint and lets its error through',
    input: z.object({ endpoint: z.string(), retries: z.number().optional() }),
    output: z.any(),
    exec: async (nango, input) => {
        const response = await nango.get({ endpoint: input.endpoint, retries: input.retries ?? 0 });
        return response.data;
    },
});
