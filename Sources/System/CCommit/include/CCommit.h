// The commit a program was built from.
#ifndef HUB_CCOMMIT_H
#define HUB_CCOMMIT_H

/// The name of the commit; empty when whoever built it did not say.
const char *_Nonnull hub_commit(void);

#endif
