import { createAction } from 'nango';
import { z } from 'zod';
import { digest, refuse } from '../../lib/digest.js';

const Wanted = z.object({ what: z.enum(['digest', 'error', 'action-error']) });

export default createAction({
    description: 'Shows what modules and stacks look like.',
    input: Wanted,
    output: z.object({ digest: z.string(), connection: z.string() }),

    exec: async (nango, input) => {
        await nango.zodValidateInput({ zodSchema: Wanted, input });
        if (input.what === 'error') refuse('way');
        if (input.what === 'action-error') throw new nango.ActionError({ type: 'not_today', detail: 7 });
        const address = new URL('https://desk.example.com/a/b');
        return { digest: digest(address.href), connection: nango.connectionId };
    },
});
