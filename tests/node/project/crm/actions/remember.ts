import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'Writes its own metadata and reads it back in the same run; outside changes stay out of a run',
    input: z.object({ set: z.any().optional(), update: z.any().optional(), wait: z.string().optional() }),
    output: z.any(),
    exec: async (nango, input) => {
        const before = await nango.getMetadata();
        if (input.wait) await nango.get({ endpoint: input.wait, retries: 0 });
        const during = await nango.getMetadata();
        if (input.set) await nango.setMetadata(input.set);
        if (input.update) await nango.updateMetadata(input.update);
        return { before, during, after: await nango.getMetadata() };
    },
});
