#include "CCommit.h"

const char *hub_commit(void) { return HUB_COMMIT; }
