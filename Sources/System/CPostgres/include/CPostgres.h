#ifndef HUB_CPOSTGRES_H
#define HUB_CPOSTGRES_H

#endif
