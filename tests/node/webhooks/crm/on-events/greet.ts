import { createOnEvent } from 'nango';

export default createOnEvent({
    description: 'Greets a new connection',
    event: 'post-connection-creation',
    exec: async (nango) => {
        await nango.post({ endpoint: '/greetings', data: { to: nango.connectionId } });
    },
});
