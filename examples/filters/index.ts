import './hubspot/actions/count-matches.js';
import './hubspot/syncs/segment.js';
