import { createAction } from 'nango';
import { z } from 'zod';

function explode(): never {
    throw new TypeError('exploded');
}

export default createAction({
    description: 'Fails in the way that is asked for',
    input: z.object({ how: z.string() }),
    output: z.void(),
    exec: async (nango, input) => {
        switch (input.how) {
            case 'action-error':
                throw new nango.ActionError({ type: 'refused', message: 'not today', detail: { code: 7 } });
            case 'text':
                throw 'just text';
            default:
                explode();
        }
    },
});
