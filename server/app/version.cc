#include "server/app/version.h"

namespace rectifier {

const char* Version() { return RECTIFIER_VERSION; }

}  // namespace rectifier
