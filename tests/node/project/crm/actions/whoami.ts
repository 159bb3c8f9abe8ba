import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'What the run knows of its customer, checked by zod',
    input: z.object({ greeting: z.string().min(2) }),
    output: z.object({ greeting: z.string(), connectionId: z.string(), metadata: z.any(), key: z.string() }),
    exec: async (nango, input) => {
        const { data } = await nango.zodValidateInput({ zodSchema: z.object({ greeting: z.string().min(2) }), input });
        const connection = await nango.getConnection();
        return {
            greeting: data.greeting,
            connectionId: nango.connectionId,
            metadata: await nango.getMetadata(),
            key: (connection.credentials as { apiKey: string }).apiKey,
        };
    },
});
