#ifndef HUB_CMICROHTTPD_H
#define HUB_CMICROHTTPD_H

#endif
