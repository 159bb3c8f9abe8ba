import { createAction } from 'nango';

export default createAction({
    description: 'Reads metadata and nothing else',
    exec: async (nango) => {
        const metadata = (await nango.getMetadata()) as { color: string };
        return { color: metadata.color };
    },
});
