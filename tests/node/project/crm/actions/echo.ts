import { createAction } from 'nango';
import { z } from 'zod';

export default createAction({
    description: 'Answers its input',
    input: z.any(),
    output: z.any(),
    exec: async (_nango, input) => input,
});
