import { createAction } from 'bespoke';
import { z } from 'zod';

const Input = z.object({ id: z.string() });

export default createAction({
    description: '__NAME__ of __INTEGRATION__',
    version: '1.0.0',
    input: Input,
    output: z.object({ id: z.string() }),
    exec: async (nango, input) => {
        const { data } = await nango.zodValidateInput({ zodSchema: Input, input });
        const response = await nango.get<{ id: string | number }>({ endpoint: `/${data.id}`, retries: 3 });
        return { id: String(response.data.id) };
    },
});
