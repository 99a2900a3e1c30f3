#ifndef HUB_CSECRETS_H
#define HUB_CSECRETS_H

#endif
