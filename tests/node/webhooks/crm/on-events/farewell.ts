import { createOnEvent } from 'nango';

export default createOnEvent({
    description: 'Says goodbye before a connection goes',
    event: 'pre-connection-deletion',
    exec: async (nango) => {
        await nango.post({ endpoint: '/farewells', data: { to: nango.connectionId } });
    },
});
