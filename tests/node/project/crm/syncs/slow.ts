import { createSync } from 'nango';
import { z } from 'zod';

const Step = z.object({ id: z.string(), at: z.number() });

export default createSync({
    description: 'Saves a record per step and asks the upstream between them, so that a test can hold it',
    frequency: 'every 30s',
    autoStart: false,
    models: { Step },
    exec: async (nango) => {
        for (let step = 0; step < 20; step += 1) {
            await nango.get({ endpoint: '/step', params: { step: String(step) }, retries: 0 });
            await nango.batchSave([{ id: `step-${step}`, at: step }], 'Step');
        }
    },
});
