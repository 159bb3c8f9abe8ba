import crypto, {
  constants, createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey, createSign, createVerify, hkdf, hkdfSync, pbkdf2, pbkdf2Sync,
  privateDecrypt, publicEncrypt, randomBytes, randomFillSync, randomInt, randomUUID, scrypt, scryptSync, sign, timingSafeEqual, verify, webcrypto,
} from 'crypto';
import * as prefixed from 'node:crypto';
import { promisify } from 'util';

// Made for these tests, and used nowhere else.
const keys = {
  rsaPkcs8: `-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCiSlF0VPKpLgd1
clpxq+sObYkWxZVmbFlFpJZNxGJf5pHE13lpHXZh+h2mOi4oiDd+1YJCaJsVqPHH
Qe+o5ItM6D9PtxJQhe2+Dy/wttBp9AUiDGqbcvXeCw4GbKLBINr1ZRo1lu7wX2aL
+yIXKGQO9gJ5wFpedJqDi82nqbGYV1vRHzqe1lgB7ygbrCf7aoiWdKKSaRE/MCgg
hVFczlRi1pUaYnMlmDgf0b7fS+qJa4qiNokN2p/d/b6OgiVxXW5WEk1dFBmcZBPf
Zwsz/Bw9yuNGv4K21pHZpSUsCjL5ezDNYhbUDEvM/Elzk/Fw2Y2umd90+JAtnGCQ
KTom72I/AgMBAAECggEAIWucipBTyHMqJg1+gpoctcPozz+xHH6Dg8v5B9rBR257
5kVZQ0RF9LdFE843YzFp/DyLrpFMHpHD+Hyjlew6o4PQReI1a0+pPdJy1OdQ1ADk
bbaQ3aI275rnMHt+qLbTYGWJmC+U1PtQatM0mgA/WrVenSP3eCwbBavslfJkGDLQ
u3aMYmVrUXDKhgJ8xK7YmbXD+ItFNS0vuhpRaTHF9GadTBtBgAbVZWUUUuZBIm0+
h5Bql3jhBx2ENY8HrelcVJwjacChG1M3MQe7sHIheVAE+m25OWsBmNsRAvQ+IpsI
VblLszskjbaYXckVV2Uk9sqCOMkXRAuKJUcrTB3VAQKBgQDku/KtAYc48F4enDiF
AJ+1mP+8+Uo0mUEx+9Xztb0OBD/nJzbkyG5qe+VocgPHrP5kpYPQPO5GrftIGHNN
CW7SUwPTla9t2G1PvLwpUYp1Hi7dxIf/FKN5VnVOQv+fsAfN6CExi7a/Ajh5wrOI
YkIncLxrZnLgzllmppHyYYB8jwKBgQC1osTpZ45Kyzqd7kjxTDZ3K+w3HoWjbjI+
sVE3CrS5bfr0AZNlyOYFQHsZulI6EM92oE2dzpTHqSH2oWWL1LdUk6oEhGU5RaCG
ceaU8c/aMoy6MeP7rt3BfLmXhFUQMqqRKh3QjxItekdDFqwmR0xaVKMpoyxN2h/0
46XWWkb3UQKBgAgyyF71GBCtZOI5/TifLhpHMptmYAeEmrac7S1ADVesRVIWsLwA
hxyf9jgJJiOJCtE2sYPMO0ojQEd0QOW4+dTmDtQNoG0SfdCG1kOw3YKXI1zlh25Y
IgfeVnQIqLrjh1QVBuOMu28bOET8+oxf4TkirE45LNLr8n5gaAjE/+L3AoGAYx1I
+lyJ5wJzIA8ROqrt5aXQJlu/bOkK/e7gdHqhF7aOBGx/tEEmU6NWCToE+K6HpyHe
eMhro3AFmoGD2gPfboWNdx2P5uq5p+OrgYdadqSy6j+jOom3dIfM9oM9r7MWJFSp
JE+OCcb58AAFPHYXkgsxZd0mpezrF0TKD+f/ZaECgYBMaAEbUlveHxwr2xa8DmuQ
S5mVbR6dcXo71NVfFEqw13gFsIV01HagQ3yhGJQDATylqUrWrQkzyXtNgZLHHFRU
tr1m+p/WnjlOkKPFeZ/j5ac8BK6F9zBhpxRdaQhdYZnYRQNHfRu3aBlBQ5sN4nSI
KIyL4PzN047eYrnpkc2w0w==
-----END PRIVATE KEY-----`,
  rsaPkcs1: `-----BEGIN RSA PRIVATE KEY-----
MIIEogIBAAKCAQEAokpRdFTyqS4HdXJacavrDm2JFsWVZmxZRaSWTcRiX+aRxNd5
aR12YfodpjouKIg3ftWCQmibFajxx0HvqOSLTOg/T7cSUIXtvg8v8LbQafQFIgxq
m3L13gsOBmyiwSDa9WUaNZbu8F9mi/siFyhkDvYCecBaXnSag4vNp6mxmFdb0R86
ntZYAe8oG6wn+2qIlnSikmkRPzAoIIVRXM5UYtaVGmJzJZg4H9G+30vqiWuKojaJ
Ddqf3f2+joIlcV1uVhJNXRQZnGQT32cLM/wcPcrjRr+CttaR2aUlLAoy+XswzWIW
1AxLzPxJc5PxcNmNrpnfdPiQLZxgkCk6Ju9iPwIDAQABAoIBACFrnIqQU8hzKiYN
foKaHLXD6M8/sRx+g4PL+QfawUdue+ZFWUNERfS3RRPON2Mxafw8i66RTB6Rw/h8
o5XsOqOD0EXiNWtPqT3SctTnUNQA5G22kN2iNu+a5zB7fqi202BliZgvlNT7UGrT
NJoAP1q1Xp0j93gsGwWr7JXyZBgy0Lt2jGJla1FwyoYCfMSu2Jm1w/iLRTUtL7oa
UWkxxfRmnUwbQYAG1WVlFFLmQSJtPoeQapd44QcdhDWPB63pXFScI2nAoRtTNzEH
u7ByIXlQBPptuTlrAZjbEQL0PiKbCFW5S7M7JI22mF3JFVdlJPbKgjjJF0QLiiVH
K0wd1QECgYEA5LvyrQGHOPBeHpw4hQCftZj/vPlKNJlBMfvV87W9DgQ/5yc25Mhu
anvlaHIDx6z+ZKWD0DzuRq37SBhzTQlu0lMD05WvbdhtT7y8KVGKdR4u3cSH/xSj
eVZ1TkL/n7AHzeghMYu2vwI4ecKziGJCJ3C8a2Zy4M5ZZqaR8mGAfI8CgYEAtaLE
6WeOSss6ne5I8Uw2dyvsNx6Fo24yPrFRNwq0uW369AGTZcjmBUB7GbpSOhDPdqBN
nc6Ux6kh9qFli9S3VJOqBIRlOUWghnHmlPHP2jKMujHj+67dwXy5l4RVEDKqkSod
0I8SLXpHQxasJkdMWlSjKaMsTdof9OOl1lpG91ECgYAIMshe9RgQrWTiOf04ny4a
RzKbZmAHhJq2nO0tQA1XrEVSFrC8AIccn/Y4CSYjiQrRNrGDzDtKI0BHdEDluPnU
5g7UDaBtEn3QhtZDsN2ClyNc5YduWCIH3lZ0CKi644dUFQbjjLtvGzhE/PqMX+E5
IqxOOSzS6/J+YGgIxP/i9wKBgGMdSPpciecCcyAPETqq7eWl0CZbv2zpCv3u4HR6
oRe2jgRsf7RBJlOjVgk6BPiuh6ch3njIa6NwBZqBg9oD326FjXcdj+bquafjq4GH
Wnaksuo/ozqJt3SHzPaDPa+zFiRUqSRPjgnG+fAABTx2F5ILMWXdJqXs6xdEyg/n
/2WhAoGATGgBG1Jb3h8cK9sWvA5rkEuZlW0enXF6O9TVXxRKsNd4BbCFdNR2oEN8
oRiUAwE8palK1q0JM8l7TYGSxxxUVLa9Zvqf1p45TpCjxXmf4+WnPASuhfcwYacU
XWkIXWGZ2EUDR30bt2gZQUObDeJ0iCiMi+D8zdOO3mK56ZHNsNM=
-----END RSA PRIVATE KEY-----`,
  rsaSealed: `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIdS5yNjl7KkUCAggA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBCj7tMK8YAEmRJMYeoTClt7BIIE
0EnXXUDZTJ84O7+LyADoVgvmzuuGYm5HktUpJNAUrQpj38M4MU3cDMUKlnikY8ZD
izO/BrYO+heQfb7y+/fOZ8SfxlA0ODjHQuH5LpX7Ie8t4q0t8a7SxL19emZ32dy7
ZqR975a1rPIHcmCRyBcpWCtbHwIk6NCWF894XTvtq2Hijl2RvdMUMOtNa3DD2Uak
B+VcwJzafvYj5Zga9hQctmohiBdQgKgJzAs7p8ZO9h6xDe6OTtcOPNJBOLa5QYgj
zWNQ2w+RuCpgv0+XU1E+snW57XlbrBnoRldRe1U2neUPCMRlo1Y5MyBaya162/Py
m8bo0jWYDZI736gAQumZBDC/EWl70TIcQED4mwQGIKzVhobZbmfgoJKum/BEGArj
GWaZm5kaB2WDw6YLqmkZrt6HVICAuglacgfqbvCxccMwhYWs7EQmr0WVjlk4oteK
wg+rxO3fDHz57br0jWL+AT6N6igvlkhkJ0YflVQUEP3/dbkdTMF8df+IYvLQe9T2
QOW4OIBW5gvFiqiRYyg5J80zomy11xRsyU+b3JXKYqefzb2SbKw6628zZaRiZF2O
yYj6rEOushgCcV6/yqhQdyQ+uURqb/qqIxUHlAbsY3NpKbfMn0vYCiGk3LLtp+5f
7guXvdBXyuI2ILK9UDVWZjv6ZGF/rXV+XRIgkB4hXI34zcUKsZ7e1HRwWjlkQM44
0Fliq2RPblqZiEVsU6QJoSThA1NeMQ++o9VsXwcKFd08Ts8jU96aFy6SMsBrKADn
CdruWtEzfvYXN1eRavVOVpYWhi2YNwLkcAu/qVuZkwVREl2ertVXoxFsSOJ6gfeU
NpQP2DukRVu8LqCaV1nOARjHvkSyvCax1rNv7UpQ+qnfRXj0w6EE7IoMoQ5A9Dtx
s4Rnhf10l4nJlMyPPsew+KtONxKZDq3544AYKUlpGqHItvk6pm+K12qnPUKMeMyE
lmTjof6omFAUmlBXS4uJoMo72vSQnNHZeGCMHJ8J+eVssKhWnKMpZaEbNIwj4rki
cFA0upyQPrO2DvicmjEf1FDTolDn6wTzvm0/7IVZgTzgVvtyETbBLEjyFf2FV57V
TuZSjhnwlfTCilGhLXbNkWY7EQSQlSM3vSSZiwZKD/B10yr0IhKTEzOLTtT9YKDY
glcEMFASpMSjCmyUYXSQN3dT59wF8avXCacTnOd9pcd7aCIpszrP0LgJ89bM9F/j
RlxT0PWPpD5rOZoreKiDCZ1ZvAzNflEpSPnQdyqaLA/ymF0Dwb7B5lV++dFmH6aE
JvuwLIQJ/XUS1Vf2cDsc4butTuC20paGyWwguu7k+6t0ngf3aRhN7A8FzDnU6YiW
qwLrgbsMVwtdFUBvJeNhQguNiItHPE3qb+Fkyez2QKAh/L5zwBLABEb/Fjvsvp3I
cfzDe6/1cRr2O7aAuEQIzyqkiGHTozpo0MCmcGJv+aCplDcuukiSgKOgqKdW/QPD
QWKxJ7+4dHkyOU1w9EFwaTT3DX2mT/uPn0YJYmsWRUAB6eL65u/uX/FcGxhQitHI
4o/afsBg+d8Ms3UZS9LR/gPnjWMmCkszHDP69ai+etJgeR0MHDY3jApEjeoiVVLh
jCyC5f5FxcQqeEtT+BLFfBOBjrcYPjyklukutVwg7hLf
-----END ENCRYPTED PRIVATE KEY-----`,
  rsaPublic: `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAokpRdFTyqS4HdXJacavr
Dm2JFsWVZmxZRaSWTcRiX+aRxNd5aR12YfodpjouKIg3ftWCQmibFajxx0HvqOSL
TOg/T7cSUIXtvg8v8LbQafQFIgxqm3L13gsOBmyiwSDa9WUaNZbu8F9mi/siFyhk
DvYCecBaXnSag4vNp6mxmFdb0R86ntZYAe8oG6wn+2qIlnSikmkRPzAoIIVRXM5U
YtaVGmJzJZg4H9G+30vqiWuKojaJDdqf3f2+joIlcV1uVhJNXRQZnGQT32cLM/wc
PcrjRr+CttaR2aUlLAoy+XswzWIW1AxLzPxJc5PxcNmNrpnfdPiQLZxgkCk6Ju9i
PwIDAQAB
-----END PUBLIC KEY-----`,
  rsaPublic1: `-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAokpRdFTyqS4HdXJacavrDm2JFsWVZmxZRaSWTcRiX+aRxNd5aR12
YfodpjouKIg3ftWCQmibFajxx0HvqOSLTOg/T7cSUIXtvg8v8LbQafQFIgxqm3L1
3gsOBmyiwSDa9WUaNZbu8F9mi/siFyhkDvYCecBaXnSag4vNp6mxmFdb0R86ntZY
Ae8oG6wn+2qIlnSikmkRPzAoIIVRXM5UYtaVGmJzJZg4H9G+30vqiWuKojaJDdqf
3f2+joIlcV1uVhJNXRQZnGQT32cLM/wcPcrjRr+CttaR2aUlLAoy+XswzWIW1AxL
zPxJc5PxcNmNrpnfdPiQLZxgkCk6Ju9iPwIDAQAB
-----END RSA PUBLIC KEY-----`,
  ecPkcs8: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8s6QK/sTFWdgzKep
TKGwvLPGaU97DKNDw1EtjE5q7KChRANCAARPNHOXx8uJ6vf936LMXo5ZDAoDl8H+
xSOyFMuxj1M42HIarnVAt8q36R+cIBPVHdvf8aihXfarEY8Gm4MFBxLJ
-----END PRIVATE KEY-----`,
  ecSec1: `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIPLOkCv7ExVnYMynqUyhsLyzxmlPewyjQ8NRLYxOauygoAoGCCqGSM49
AwEHoUQDQgAETzRzl8fLier3/d+izF6OWQwKA5fB/sUjshTLsY9TONhyGq51QLfK
t+kfnCAT1R3b3/GooV32qxGPBpuDBQcSyQ==
-----END EC PRIVATE KEY-----`,
  ecPublic: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETzRzl8fLier3/d+izF6OWQwKA5fB
/sUjshTLsY9TONhyGq51QLfKt+kfnCAT1R3b3/GooV32qxGPBpuDBQcSyQ==
-----END PUBLIC KEY-----`,
  p384: `-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAHDd1UeFcrJknYokkn
bAe9odPdGZS7nHSMSoPsNIQUGUTQpipWc5wZVhqIfJsedfmhZANiAAQ+wDPcEtME
qzCZgg4XfMHi5NPu0McyjlCK0uw0YJAP4D6AwNlbf/ephtrd3An+ktiYQCMCmLYr
iCJ28xJlTFDLYAr3Oq4WVN/FeHPDwZ57jLwrwTNzWvaLyDHev/rrvfw=
-----END PRIVATE KEY-----`,
  p521: `-----BEGIN PRIVATE KEY-----
MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAFeUJRPZ2clH8QX3q
T2NdCN9vMpJ0KR2cUD0701DhHvVsxliW5m6SZbKaA0OFVF5bcTlxOyDH5IqdhlEJ
90eJzZmhgYkDgYYABABXKbfPCpRzBaUx48Vyj4raiOZjJ7PDIo3sqEmlFQ2LuB+K
kWfnf2T3nPfcLgmBta3oF+Opea0AHzKZtmP4Vv9qxQCTH1J+3ZgyiHdIk8x5vye6
HgSsCVpRcB6STM4+14Gs9NQgwpCLx3kyn85diyNuhsnZTbBYwGmqx4cYqOcqda0B
Qw==
-----END PRIVATE KEY-----`,
  ed: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIGlJiVC5GfiujCtQtG2RVuqCVQMFXeed1VA9F4Lp3J6C
-----END PRIVATE KEY-----`,
  rsaPssSignature: 'SQZ8eAZmz80uuw8G1Ee/4dj/xxoWMtm4hSlvvYrMdfZepQtXgsDx2XO4oy5jqKpQaZYVElA8ZHir4z7TagzJkuJ/NbHg3yoRqLW3pUIo1hAvMkgOMx6n7mnl5zxorHhsUNR+dEGj8J+aMKd2Z/AwYPtz4AiHvCXH+MCn5FRFmvcMEc3gHl9gSEw4ssiNO+js+DrziLYfGyR65UDJbdl3udxDJ2Xz9OfJCn//3RRHHyeJR1qyOUwO74mIARNbCvKtwYcHLiO+HMAaH0yz6vzBhCGHhZPBLLPk+sWJ3fdBW1gp1S1OxiGDPkIyKZaEuwXRg3LES1zMPbytYM7k2mkXFg==',
  ecSignature: 'MEQCIHcVAe1g6d+qiph0wsF2ylb/d4Iaa174cjUf7bxR3ZgtAiBMTCeNAloMDFA2U0sf5ikB2HDNF6eEi2iZUMRkucSyyQ==',
  ecFlat: 'kM9fAdDpOmZo0Fs1iPPRpdIvylb+PDcFhuEfnhbdXWKklTqcW5HcfDfYVVw4CTSEX/RvC0McLqPlzAiapRNwMA==',
  p521Signature: 'MIGHAkFSP3NnIAREeT7y9NWCUPCryVotB8MHKo5Tg50j3BoCjulZ80vJSyh20S5Wa/Qmt5uX6MKVT4nHNrmu/Waf8cWZjgJCAZ4lg02NOd+MKSX7Em6pCbDSrBWhxaP/yj6F0u9TZmwQsgUFR4OE2sFyOnPAVgr5rPPzOKb50bayZR/usXB7mB5/',
  oaep: 'HdiuGK3a9N2DGfJz6F+bIWhj7yQVagBf+nZNeCOdCaPvcX+2XmZXnw81L9A4jEiU7xhLDcxDfiz0/au/oXEafhuUCzAoJW+leUVQCf0lwJqsSA15yZuf8L7KXIt36KPRP1f34t4lWa28Pl/4l8uRgxAzf5NJ7HscCKhatj5EPv7y36Jxq3qbEyQB5L/BKRy/0ll9SVt5vH/Z4NDQ2DH/13OqvF75NrMW1uv3fIobnldpItipt5x6pxgBcmZqXVNl4Y1/0UMoUuwV6X83/1FiPL5JBarTUsMbq+Xi8q/9knDqsMWGs2DhenAQ1XPNcTe1MoUpu/LqqscXcJG7cVSqYA==',
  oaep256: 'YhWQxq/gu05fNtUI9a1JBP46SBG6iauPPJDoj/a1UFtJQwTXIzMdWnQ3AsMa1JLZPKVogBpQGGqPdZzgZUG83z3I402md7EBp3lGieP1Aa4NMZcUbyc9UjFLlIy/ZgdDqlvMt7Bo86JGOt1jSVIBgC/nD63M1CnnUtcHkmuv4jvJ+xl/hjzBv9MlGf5ZzjVuoiuBIg34BSLigZ5RuMdja7Sg3CrW54jwNYA6C20osY7Tyx48DkxofnidTwDOnSXYwc6YowLu+FG3PTDG9ZKM5omKn2tfpo9RErUkLreVSBHLQgKzBOxRUD9sA/eZvZ+6XOwelFcTX+fkt8VGUCb+LA==',
};
const data = 'data';
const key = (size) => Buffer.from(Array.from({ length: size }, (_, index) => index * 7 % 256));
const ciphers = [['aes-128-cbc', 16, 16], ['aes-192-cbc', 24, 16], ['aes-256-cbc', 32, 16], ['AES-256-CBC', 32, 16], ['aes256', 32, 16], ['aes-128-ecb', 16, 0], ['aes-256-ecb', 32, 0], ['aes-128-ctr', 16, 16], ['aes-256-ctr', 32, 16], ['des-ede3-cbc', 24, 8]];
const texts = ['', 'a', 'sixteen bytes!!!', 'something longer than two blocks of it — é😀'];
const pieces = (cipher, bytes, step) => {
  const out = [];
  for (let at = 0; at < bytes.length; at += step) out.push(cipher.update(bytes.subarray(at, at + step)));
  return Buffer.concat([...out, cipher.final()]);
};
const seal = (iv, aad, size = 32) => {
  const cipher = createCipheriv(`aes-${size * 8}-gcm`, key(size), iv);
  if (aad) cipher.setAAD(Buffer.from(aad));
  const sealed = cipher.update(texts[3], 'utf8', 'hex') + cipher.final('hex');
  return [sealed, cipher.getAuthTag().toString('hex')];
};
const open = (iv, sealed, tag, aad) => {
  const decipher = createDecipheriv('aes-256-gcm', key(32), iv);
  if (aad) decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(Buffer.from(tag, 'hex'));
  return decipher.update(sealed, 'hex', 'utf8') + decipher.final('utf8');
};
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const hashes = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'SHA256', 'RSA-SHA256'];

export default {
  'one module': () => [prefixed.createHash === createHash, crypto.createSign === createSign, typeof webcrypto.subtle],
  ...Object.fromEntries(hashes.map((name) => [`hash ${name}`, () => [createHash(name).update('aé').update(Buffer.from([1])).digest('hex'), createHmac(name, 'key').update(data).digest('base64'), createHmac(name, 'k'.repeat(200)).update(data).digest('base64url')]])),
  'an unknown hash': () => createHash('nope'),
  'copy': () => [createHash('md5').update('a').copy().update('b').digest('hex')],
  'digest twice': () => { const hash = createHash('md5'); hash.digest(); hash.digest(); },
  ...Object.fromEntries(ciphers.map(([name, size, iv]) => [`cipher ${name}`, () => texts.map((text) => {
    const make = () => createCipheriv(name, key(size), iv === 0 ? null : key(iv));
    const sealed = Buffer.concat([make().update(text, 'utf8'), (() => { const cipher = make(); cipher.update(text, 'utf8'); return cipher.final(); })()]);
    const whole = (() => { const cipher = make(); return cipher.update(text, 'utf8', 'base64') + cipher.final('base64'); })();
    const inPieces = hex(pieces(make(), Buffer.from(text), 5));
    const decipher = createDecipheriv(name, key(size), iv === 0 ? '' : key(iv));
    return [hex(sealed), whole, inPieces, pieces(decipher, sealed, 7).toString()];
  })])),
  'decrypted text in pieces': () => {
    const cipher = createCipheriv('aes-256-cbc', key(32), key(16));
    const sealed = cipher.update(texts[3], 'utf8', 'hex') + cipher.final('hex');
    const decipher = createDecipheriv('aes-256-cbc', key(32), key(16));
    return decipher.update(sealed, 'hex', 'utf8') + decipher.final('utf8');
  },
  'without padding': () => {
    const cipher = createCipheriv('aes-128-cbc', key(16), key(16)).setAutoPadding(false);
    return cipher.update('sixteen bytes!!!', 'utf8', 'hex') + cipher.final('hex');
  },
  'without padding and not whole': () => {
    const cipher = createCipheriv('aes-128-cbc', key(16), key(16)).setAutoPadding(false);
    cipher.update('short');
    cipher.final();
  },
  'another key does not open': () => {
    const decipher = createDecipheriv('aes-256-cbc', key(32).reverse(), key(16));
    decipher.update('00'.repeat(32), 'hex');
    decipher.final();
  },
  'a wrong length': () => createDecipheriv('aes-256-cbc', key(32), key(16)).update('00', 'hex') && createDecipheriv('aes-256-cbc', key(32), key(16)).final(),
  'a key that is too short': () => createCipheriv('aes-256-cbc', key(16), key(16)),
  'a start value that is too short': () => createCipheriv('aes-256-cbc', key(32), key(8)),
  'a cipher that nobody knows': () => createCipheriv('rot13', key(16), key(16)),
  'GCM': () => [seal(key(12)), seal(key(12), 'with'), seal(key(16)), seal(key(12), null, 16), open(key(12), ...seal(key(12), 'with'), 'with'), open(key(16), ...seal(key(16)))],
  'GCM with another tag': () => open(key(12), seal(key(12))[0], '00'.repeat(16)),
  'GCM with other data': () => open(key(12), ...seal(key(12), 'with'), 'without'),
  'GCM without a tag': () => createDecipheriv('aes-256-gcm', key(32), key(12)).final(),
  'a tag that is too short': () => createDecipheriv('aes-256-gcm', key(32), key(12)).setAuthTag(Buffer.alloc(3)),
  'pbkdf2': async () => [hex(pbkdf2Sync('password', 'salt', 1000, 32, 'sha256')), hex(pbkdf2Sync('password', 'salt', 1, 20, 'sha1')), hex(pbkdf2Sync('p', Buffer.from('s'), 10, 100, 'sha512')), hex(await promisify(pbkdf2)('p', 's', 2, 8, 'md5'))],
  'pbkdf2 with a hash that nobody knows': () => pbkdf2Sync('p', 's', 1, 8, 'nope'),
  'pbkdf2 without rounds': () => pbkdf2Sync('p', 's', 0, 8, 'sha1'),
  'scrypt': async () => [hex(scryptSync('password', 'salt', 64)), hex(scryptSync('p', 's', 16, { N: 1024, r: 1, p: 2 })), hex(await promisify(scrypt)('p', 's', 8, { cost: 2, blockSize: 1, parallelization: 1 }))],
  'scrypt that wants too much memory': () => scryptSync('p', 's', 8, { N: 2 ** 20 }),
  'scrypt with a cost that is no power of two': () => scryptSync('p', 's', 8, { N: 3 }),
  'hkdf': async () => [hex(hkdfSync('sha256', 'key', 'salt', 'info', 42)), hkdfSync('sha512', 'key', '', '', 3), hex(await promisify(hkdf)('sha1', 'k', 's', 'i', 20))],
  'random values': async () => [randomBytes(7).length, Buffer.isBuffer(randomBytes(1)), (await promisify(randomBytes)(3)).length, randomUUID().length, randomInt(5, 6), randomFillSync(Buffer.alloc(4)).length, new Set([randomUUID(), randomUUID()]).size, randomInt(1)],
  'an empty range': () => randomInt(5, 5),
  'timingSafeEqual': () => [timingSafeEqual(Buffer.from('a'), Buffer.from('a')), timingSafeEqual(Buffer.from('a'), Buffer.from('b'))],
  'timingSafeEqual of other lengths': () => timingSafeEqual(Buffer.from('a'), Buffer.from('ab')),
  'RSA signatures': () => ['RSA-SHA256', 'sha1', 'sha384', 'RSA-SHA512', 'md5'].map((name) => [createSign(name).update('da').update('ta').sign(keys.rsaPkcs8, 'base64'), createVerify(name).update(data).verify(keys.rsaPublic, createSign(name).update(data).sign(keys.rsaPkcs1))]),
  'signing with a passphrase': () => createSign('sha256').update(data).sign({ key: keys.rsaSealed, passphrase: 'open sesame' }, 'hex'),
  'a wrong passphrase': () => createPrivateKey({ key: keys.rsaSealed, passphrase: 'wrong' }),
  'no passphrase': () => createPrivateKey(keys.rsaSealed),
  'a key that is none': () => createPrivateKey('nonsense'),
  'a public key does not sign': () => createSign('sha256').update(data).sign(keys.rsaPublic),
  'PSS': () => [verify('sha256', data, { key: keys.rsaPublic, padding: constants.RSA_PKCS1_PSS_PADDING }, Buffer.from(keys.rsaPssSignature, 'base64')), (() => {
    const made = sign('sha512', Buffer.from(data), { key: keys.rsaPkcs8, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
    return [made.length, verify('sha512', data, { key: keys.rsaPublic, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }, made), verify('sha512', 'other', { key: keys.rsaPublic, padding: constants.RSA_PKCS1_PSS_PADDING }, made)];
  })()],
  'elliptic curves': () => [keys.ecPkcs8, keys.ecSec1, keys.p384, keys.p521].map((pem) => {
    const made = sign('sha256', Buffer.from(data), pem);
    const flat = createSign('sha512').update(data).sign({ key: pem, dsaEncoding: 'ieee-p1363' });
    const holder = createPublicKey(pem);
    return [verify('sha256', data, holder, made), verify('sha256', 'other', holder, made), flat.length, createVerify('sha512').update(data).verify({ key: holder, dsaEncoding: 'ieee-p1363' }, flat)];
  }),
  'signatures that Node made': () => [verify('sha256', data, keys.ecPublic, Buffer.from(keys.ecSignature, 'base64')), verify('sha256', data, { key: keys.ecPublic, dsaEncoding: 'ieee-p1363' }, Buffer.from(keys.ecFlat, 'base64')), verify('sha512', data, createPublicKey(keys.p521), Buffer.from(keys.p521Signature, 'base64')), verify('sha256', data, keys.ecPublic, Buffer.from('nonsense'))],
  'Ed25519': () => [hex(sign(null, Buffer.from(data), keys.ed)), verify(null, data, createPublicKey(keys.ed), sign(null, Buffer.from(data), keys.ed))],
  'facts about keys': () => [keys.rsaPkcs1, keys.ecSec1, keys.p384, keys.p521, keys.ed].map((pem) => { const made = createPrivateKey(pem); return [made.type, made.asymmetricKeyType, made.asymmetricKeyDetails]; }),
  'exported keys': () => {
    const rsa = createPrivateKey(keys.rsaPkcs1);
    return [rsa.export({ type: 'pkcs8', format: 'pem' }), rsa.export({ type: 'pkcs1', format: 'pem' }), createPublicKey(rsa).export({ type: 'spki', format: 'pem' }), createPublicKey(keys.rsaPublic1).export({ type: 'pkcs1', format: 'pem' }), createPrivateKey(keys.ecPkcs8).export({ type: 'sec1', format: 'pem' }), hex(createPublicKey(keys.ed).export({ type: 'spki', format: 'der' }))];
  },
  'keys as JWK and back': () => [keys.rsaPkcs1, keys.ecSec1, keys.p384, keys.p521, keys.ed].map((pem) => {
    const made = createPrivateKey(pem);
    const [secret, open_] = [made.export({ format: 'jwk' }), createPublicKey(made).export({ format: 'jwk' })];
    const back = createPrivateKey({ key: secret, format: 'jwk' });
    return [Object.entries(secret).sort(), Object.entries(open_).sort(), back.export({ type: 'pkcs8', format: 'pem' }) === made.export({ type: 'pkcs8', format: 'pem' }), createPublicKey({ key: open_, format: 'jwk' }).export({ type: 'spki', format: 'pem' })];
  }),
  'DER': () => createPrivateKey({ key: createPrivateKey(keys.rsaPkcs8).export({ type: 'pkcs8', format: 'der' }), format: 'der', type: 'pkcs8' }).asymmetricKeyType,
  'secret keys': () => [createSecretKey(Buffer.from('abc')).symmetricKeySize, createSecretKey('616263', 'hex').export(), createSecretKey(Buffer.from('abc')).export({ format: 'jwk' }), createHmac('sha256', createSecretKey(Buffer.from('key'))).update(data).digest('hex'), createSecretKey(Buffer.from('a')).equals(createSecretKey(Buffer.from('a')))],
  'RSA encryption': () => [privateDecrypt(keys.rsaPkcs8, Buffer.from(keys.oaep, 'base64')).toString(), privateDecrypt({ key: keys.rsaPkcs8, oaepHash: 'sha256' }, Buffer.from(keys.oaep256, 'base64')).toString(), privateDecrypt(keys.rsaPkcs8, publicEncrypt(keys.rsaPublic, Buffer.from('x'))).toString(), publicEncrypt({ key: keys.rsaPublic, padding: constants.RSA_PKCS1_PADDING }, Buffer.from('x')).length],
  'RSA decryption of nonsense': () => privateDecrypt(keys.rsaPkcs8, Buffer.alloc(256, 1)),
  'subtle.digest': async () => [hex(await webcrypto.subtle.digest('SHA-256', Buffer.from(data))), hex(await crypto.subtle.digest({ name: 'sha-1' }, new Uint8Array([1]).buffer))],
  'subtle with HMAC': async () => {
    const made = await webcrypto.subtle.importKey('raw', Buffer.from('key'), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify']);
    const code = await webcrypto.subtle.sign('HMAC', made, Buffer.from(data));
    return [hex(code), await webcrypto.subtle.verify('HMAC', made, code, Buffer.from(data)), await webcrypto.subtle.verify('HMAC', made, code, Buffer.from('other')), made.type, made.algorithm, made.usages, hex(await webcrypto.subtle.exportKey('raw', made))];
  },
  'subtle with RSA and curves': async () => {
    const { subtle } = webcrypto;
    const der = (pem) => createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
    const rsa = await subtle.importKey('pkcs8', der(keys.rsaPkcs8), { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']);
    const flat = await subtle.importKey('jwk', createPrivateKey(keys.ecPkcs8).export({ format: 'jwk' }), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
    const open_ = await subtle.importKey('spki', createPublicKey(keys.ecPkcs8).export({ type: 'spki', format: 'der' }), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']);
    const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, flat, Buffer.from(data));
    return [hex(await subtle.sign('RSASSA-PKCS1-v1_5', rsa, Buffer.from(data))), signature.byteLength, await subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, open_, signature, Buffer.from(data))];
  },
  'subtle with AES': async () => {
    const { subtle } = webcrypto;
    const made = await subtle.importKey('raw', key(32), 'AES-GCM', false, ['encrypt', 'decrypt']);
    const how = { name: 'AES-GCM', iv: key(12), additionalData: Buffer.from('with') };
    const sealed = await subtle.encrypt(how, made, Buffer.from(data));
    return [hex(sealed), hex(await subtle.decrypt(how, made, sealed))];
  },
  'subtle with AES and other data': async () => {
    const made = await webcrypto.subtle.importKey('raw', key(32), 'AES-GCM', false, ['decrypt']);
    await webcrypto.subtle.decrypt({ name: 'AES-GCM', iv: key(12) }, made, Buffer.alloc(20));
  },
  'subtle with PBKDF2 and HKDF': async () => {
    const { subtle } = webcrypto;
    const made = await subtle.importKey('raw', Buffer.from('password'), 'PBKDF2', false, ['deriveBits']);
    const other = await subtle.importKey('raw', Buffer.from('key'), 'HKDF', false, ['deriveBits']);
    return [hex(await subtle.deriveBits({ name: 'PBKDF2', salt: Buffer.from('salt'), iterations: 10, hash: 'SHA-256' }, made, 128)), hex(await subtle.deriveBits({ name: 'HKDF', salt: Buffer.from('salt'), info: Buffer.from('i'), hash: 'SHA-256' }, other, 128))];
  },
  'a key that may not sign': async () => webcrypto.subtle.sign('HMAC', await webcrypto.subtle.importKey('raw', Buffer.from('key'), { name: 'HMAC', hash: 'SHA-256' }, true, ['verify']), Buffer.from(data)),
  'keys that cannot be read': () => webcrypto.subtle.importKey('spki', Buffer.from('nonsense'), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']),
};
