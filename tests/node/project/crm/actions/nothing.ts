import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'Answers nothing',
    input: z.void(),
    output: z.void(),
    exec: async () => undefined,
});
