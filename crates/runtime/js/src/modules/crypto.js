// The module `crypto` / `node:crypto`, and the global `crypto`.
import given from 'bespoke:native';
import { setNative } from '../native.js';
import { Cipheriv, createCipheriv, createDecipheriv, Decipheriv, getCiphers } from '../crypto/cipher.js';
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from '../crypto/derive.js';
import { createHash, createHmac, getHashes, hash } from '../crypto/digest.js';
import { getCurves } from '../crypto/jwk.js';
import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from '../crypto/keys.js';
import { getRandomValues, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, timingSafeEqual } from '../crypto/random.js';
import { constants, createSign, createVerify, privateDecrypt, publicEncrypt, Sign, sign, Verify, verify } from '../crypto/sign.js';
import { CryptoKey, subtle } from '../crypto/subtle.js';

setNative(given);

/** The global `crypto`. */
export const webcrypto = { CryptoKey, getRandomValues, randomUUID, subtle };

export {
  Cipheriv, constants, createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey,
  createSign, createVerify, Decipheriv, getCiphers, getCurves, getHashes, getRandomValues, hash, hkdf, hkdfSync, KeyObject, pbkdf2,
  pbkdf2Sync, privateDecrypt, publicEncrypt, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, scrypt, scryptSync, Sign,
  sign, subtle, timingSafeEqual, Verify, verify,
};
export default {
  Cipheriv, constants, createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey,
  createSign, createVerify, Decipheriv, getCiphers, getCurves, getHashes, getRandomValues, hash, hkdf, hkdfSync, KeyObject, pbkdf2,
  pbkdf2Sync, privateDecrypt, publicEncrypt, randomBytes, randomFill, randomFillSync, randomInt, randomUUID, scrypt, scryptSync, Sign,
  sign, subtle, timingSafeEqual, Verify, verify, webcrypto,
};
