/* For cppcheck, which does not read the headers of the system: what the macros
 * of uthash and utlist do, as far as it matters whether a variable has a value.
 */
#define HASH_ITER(hh, head, element, next)                                     \
    for ((element) = (head), (next) = (element) ? (element)->hh.next : NULL;   \
         (element); (element) = (next))
#define HASH_FIND(hh, head, key, length, out)                   ((out) = (head))
#define HASH_FIND_STR(head, key, out)                           ((out) = (head))
#define HASH_FIND_BYHASHVALUE(hh, head, key, length, hash, out) ((out) = (head))
#define DL_FOREACH_SAFE(head, element, next)                                   \
    for ((element) = (head), (next) = (element) ? (element)->next : NULL;      \
         (element); (element) = (next))
#define DL_FOREACH_SAFE2(head, element, following, next)                       \
    for ((element) = (head), (following) = (element) ? (element)->next : NULL; \
         (element); (element) = (following))
