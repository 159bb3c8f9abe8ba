// The `nango` object that a function receives.
import {
  DateClass, ErrorClass, objectAssign, objectCreate, ProxyClass, reflectDefine, reflectDelete, reflectGet, reflectHas, reflectSet,
  SetClass, setHas, toText,
} from './intrinsics.js';
import { checkpointMembers } from './checkpoints.js';
import { connectionMembers } from './connection.js';
import { ActionError } from './errors.js';
import { functionMembers } from './functions.js';
import { lockMembers } from './locks.js';
import { currentThreshold, log, setLogger } from './log.js';
import { metadataMembers } from './metadata.js';
import { paginateMembers } from './paginate.js';
import { proxyMembers } from './proxy.js';
import { recordMembers } from './records.js';
import { storedRecordMembers } from './stored_records.js';
import { uncontrolledFetchMembers } from './uncontrolled_fetch.js';
import { zodValidateInput } from './zod.js';

/** Internals of the platform that functions were written for: reading or setting them is refused. */
const BLOCKED = new SetClass([
  'nango', 'persistClient', 'telemetryRecorder', 'telemetryBag', 'locking', 'checkpointing', 'checkpointKey', 'integrationConfig',
  'memoizedConnections', 'memoizedIntegration', 'attributes', 'abortSignal', 'lifecycle', 'getProxyConfig', 'throwIfAborted', 'shouldLog',
  'validateRecords', 'removeMetadata', 'modelFullName', 'sendLogToPersist', 'logAPICall', 'trackDeletesKey', 'fetchRecordsPage',
  'getCheckpointRange', 'clearRecordsIfNeeded', 'batchSize', 'httpLogSample', '__proto__', 'constructor',
]);

/**
 * @param {import('./run.js').Run} run
 * @param {string} scriptType `sync`, `action`, `webhook` or `on-event`
 * @returns {object}
 */
export function createNango(run, scriptType) {
  const { context } = run;
  const withRecords = scriptType === 'sync' || scriptType === 'webhook';
  const members = objectAssign(objectCreate(null), {
    scriptType,
    connectionId: context.connection_id,
    providerConfigKey: context.provider_config_key,
    provider: context.provider,
    environmentId: context.environment_id,
    environmentName: context.environment_name,
    accountId: 0,
    activityLogId: context.run_id,
    syncId: context.sync_id ?? undefined,
    syncJobId: context.job ?? undefined,
    nangoConnectionId: context.connection_row,
    syncConfig: context.sync_config ?? undefined,
    runnerFlags: {},
    isCLI: false,
    ActionError,
    log,
    setLogger,
    zodValidateInput,
    getFlowAttributes: () => ({}),
  }, proxyMembers(run), paginateMembers(run), metadataMembers(run), connectionMembers(run), functionMembers(run), checkpointMembers, lockMembers,
    uncontrolledFetchMembers);
  reflectDefine(members, 'logger', { get: () => ({ level: currentThreshold() }), enumerable: true, configurable: true });
  if (withRecords) {
    objectAssign(members, recordMembers(), storedRecordMembers, {
      variant: context.variant ?? 'base',
      track_deletes: context.track_deletes ?? false,
      emptyCache: context.empty_cache ?? false,
      lastSyncDate: context.last_sync_date ? new DateClass(context.last_sync_date) : undefined,
    });
  }
  return new ProxyClass(members, facade);
}

/**
 * @param {string | symbol} name
 */
function check(name) {
  if (setHas(BLOCKED, name)) throw new ErrorClass(`Access to "${toText(name)}" is not allowed.`);
}

/** @type {ProxyHandler<any>} */
const facade = {
  get(target, name) {
    check(name);
    return reflectGet(target, name);
  },
  set(target, name, value) {
    check(name);
    return reflectSet(target, name, value);
  },
  defineProperty(target, name, descriptor) {
    check(name);
    return reflectDefine(target, name, descriptor);
  },
  deleteProperty(target, name) {
    check(name);
    return reflectDelete(target, name);
  },
  has: (target, name) => !setHas(BLOCKED, name) && reflectHas(target, name),
  getPrototypeOf: () => null,
  setPrototypeOf() {
    throw new ErrorClass('The prototype of nango cannot be changed.');
  },
};
