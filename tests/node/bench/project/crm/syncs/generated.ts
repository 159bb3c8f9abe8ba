import { createSync } from 'nango';
import { z } from 'zod';

const Row = z.object({ id: z.string(), name: z.string(), email: z.string(), note: z.string(), number: z.number() });

export default createSync({
    description: 'Records of 280 bytes in pages of 1,000, made in the function',
    frequency: 'every day',
    autoStart: false,
    models: { Row },
    metadata: z.object({ rows: z.number() }),
    exec: async (nango) => {
        const { rows } = await nango.getMetadata();
        const note = 'x'.repeat(170);
        for (let start = 0; start < rows; start += 1000) {
            const page = Array.from({ length: 1000 }, (_, index) => {
                const number = start + index;
                return { id: `row-${number}`, name: `Row number ${number}`, email: `row.${number}@example.com`, note, number };
            });
            await nango.batchSave(page, 'Row');
        }
    },
});
