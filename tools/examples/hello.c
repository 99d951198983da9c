#include <halp/halp.h>
#include <stdio.h>
int main(void) {
    halp_handle* h;
    halp_list* found = NULL;
    if (halp_open(&h, NULL) != HALP_OK || halp_lookup(h, "chat", NULL, &found) != HALP_OK)
        return fprintf(stderr, "%s\n", halp_message()), 1;
    for (size_t i = 0; i < halp_count(found); ++i)
        printf("%s %d\n", halp_at(found, i)->host, halp_at(found, i)->port);
    halp_free(found);
    return halp_close(h);
}
