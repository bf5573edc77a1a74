// HDF5 of Debian 13 reads files on S3, too, with libcurl, which brings Kerberos, LDAP, a second TLS
// and twenty more libraries. Rectifier gives HDF5 nothing but images in memory, in a process that
// has no network. So its archive is linked with these in place of libcurl: who asked for S3 after
// all would be told that there is none. The declarations are those of curl/curl.h.

namespace {

constexpr int kFailedInit = 2;  // CURLE_FAILED_INIT

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): libcurl names them so
extern "C" {

int curl_global_init(long /*flags*/) { return kFailedInit; }
void curl_global_cleanup() {}
void* curl_easy_init() { return nullptr; }
int curl_easy_setopt(void* /*handle*/, int /*option*/, ...) { return kFailedInit; }
int curl_easy_perform(void* /*handle*/) { return kFailedInit; }
void curl_easy_cleanup(void* /*handle*/) {}
void* curl_slist_append(void* /*list*/, const char* /*text*/) { return nullptr; }
void curl_slist_free_all(void* /*list*/) {}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
