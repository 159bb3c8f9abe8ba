import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'Reads metadata and nothing else',
    input: z.object({}),
    output: z.object({ color: z.string() }),
    metadata: z.object({ limit: z.number().default(50), fieldMapping: z.object({ email: z.string().default('cf_2') }) }),
    exec: async (nango) => {
        const metadata = (await nango.getMetadata()) as { color: string };
        return { color: metadata.color };
    },
});
