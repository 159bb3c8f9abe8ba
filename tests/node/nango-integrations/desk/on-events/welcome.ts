import { createOnEvent } from 'nango';
import { z } from 'zod';

export default createOnEvent({
    description: 'Remembers that the customer was welcomed.',
    event: 'post-connection-creation',
    metadata: z.object({ welcomed: z.boolean().optional() }),
    exec: async (nango) => {
        await nango.log('welcome');
        await nango.updateMetadata({ welcomed: true });
    },
});
