/*
 * What is said of an interface that cannot be captured on, however that was tried.
 */
#ifndef SPANFLOW_CAPTURE_REFUSAL_H
#define SPANFLOW_CAPTURE_REFUSAL_H

/*
 * Says why, and what to do about it; `detail` is for errors that explain too little, NULL: there is
 * none. Returns -EPERM, -ENODEV or -ENETDOWN as it was given, and -EIO for all others.
 */
int refusal_report(const char *name, int error, const char *detail);

#endif
