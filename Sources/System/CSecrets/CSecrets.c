#include "CSecrets.h"
