import { createAction } from 'nango';
import { z } from 'zod';

const Input = z.object({ name: z.string().min(1), count: z.number().int().positive() });

export default createAction({
    description: 'Reads metadata and checks its input with zod',
    input: Input,
    output: z.object({ text: z.string(), color: z.string() }),
    exec: async (nango, input) => {
        const checked = Input.parse(input);
        const metadata = (await nango.getMetadata()) as { color: string };
        return { text: `${checked.name} ${checked.count}`, color: metadata.color };
    },
});
