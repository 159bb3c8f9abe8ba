import { createSync } from 'nango';
import { z } from 'zod';

const Row = z.object({ id: z.string(), name: z.string(), note: z.string() });

export default createSync({
    description: 'Saves as many records as the metadata says, in pages of 1,000',
    frequency: 'every day',
    autoStart: false,
    models: { Row },
    metadata: z.object({ rows: z.number(), note: z.string().optional() }),
    exec: async (nango) => {
        const { rows, note } = await nango.getMetadata();
        for (let start = 0; start < rows; start += 1000) {
            const page = Array.from({ length: Math.min(1000, rows - start) }, (_, index) => ({
                id: `row-${start + index}`,
                name: `Row number ${start + index}`,
                note: note ?? 'n',
            }));
            await nango.batchSave(page, 'Row');
        }
    },
});
