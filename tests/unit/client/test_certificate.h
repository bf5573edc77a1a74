#pragma once

namespace rectifier::client::testing {

// A self-signed certificate for "localhost", valid until 2125, and its key: the tests' authority,
// server and client in one. Made with
// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
// -subj /CN=localhost -addext subjectAltName=DNS:localhost
inline constexpr char kCertificate[] = R"(
-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUIYzb2GKTp3dc9CfITb72oD6/bI0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIxNTMxM1oYDzIxMjYxMDMw
MjE1MzEzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS1kSNEG0yjdnZWUVoCKHJQXUZx5vak/YjuRl7laYvgQFckE0436yAD
XuPo3PtMPM9FBcRojSU4hqOgz7/mV7R3o2kwZzAdBgNVHQ4EFgQUYPfy23A9ddAC
holeZWy7EvwoSrswHwYDVR0jBBgwFoAUYPfy23A9ddACholeZWy7EvwoSrswDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgW5ysExp8By9Ox0u35UzIEl7SiIFcDO9Trocf7QRNE2ACIHV+BMx7W0lZ
Qk+VH5dqqt93OmymWaei8ibLHpLCKMYt
-----END CERTIFICATE-----
)";
inline constexpr char kPrivateKey[] = R"(
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgn+6XXewSFrQU7pRA
jymHWNBAxskGfMDu15vQ88y/ReGhRANCAAS1kSNEG0yjdnZWUVoCKHJQXUZx5vak
/YjuRl7laYvgQFckE0436yADXuPo3PtMPM9FBcRojSU4hqOgz7/mV7R3
-----END PRIVATE KEY-----
)";

}  // namespace rectifier::client::testing
