#ifndef HUB_CCURL_H
#define HUB_CCURL_H

#endif
