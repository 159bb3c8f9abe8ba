import { createSync } from 'nango';
import { z } from 'zod';

const Beat = z.object({ id: z.string(), customer: z.string() });

export default createSync({
    description: 'Starts by itself for every connection',
    frequency: 'every hour',
    autoStart: true,
    models: { Beat },
    exec: async (nango) => {
        await nango.batchSave([{ id: 'beat', customer: nango.connectionId }], 'Beat');
    },
});
