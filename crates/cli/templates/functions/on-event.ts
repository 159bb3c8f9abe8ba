import { createOnEvent } from 'bespoke';

export default createOnEvent({
    description: '__NAME__ of __INTEGRATION__',
    event: 'post-connection-creation',
    exec: async (nango) => {
        await nango.log('A customer has connected', { connection: nango.connectionId });
    },
});
