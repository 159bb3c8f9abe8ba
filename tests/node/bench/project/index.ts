import './crm/actions/read-metadata.js';
import './crm/actions/with-zod.js';
import './crm/syncs/pages.js';
import './crm/syncs/generated.js';
