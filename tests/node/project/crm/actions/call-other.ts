import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'Calls another action of the same connection, or itself for ever',
    input: z.object({ name: z.string(), input: z.any().optional() }),
    output: z.any(),
    exec: async (nango, input) => ({ answer: await nango.triggerAction('crm', nango.connectionId, input.name, input.input) }),
});
