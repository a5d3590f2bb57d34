/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c: feeds a fuzzer with the files of a folder, each cut at several places and with bytes
 * changed by a fixed series, and with short random inputs: the corpus as an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RANDOM_INPUTS = 2000, CHANGES = 50, LARGEST = 1 << 20 };

static uint32_t seed = 1;
static unsigned long inputs;

static uint32_t draw(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* A copy of exactly its size, so that the sanitizer sees a read past the end. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	inputs++;
}

static void feed_changed(uint8_t *data, size_t size)
{
	feed(data, size);
	for (int i = 0; i < CHANGES && size > 0; i++) {
		size_t at = draw() % size;
		uint8_t old = data[at];
		feed(data, at);
		data[at] = (uint8_t)draw();
		feed(data, size);
		data[at] = old;
	}
}

static void feed_file(const char *folder, const char *name)
{
	static uint8_t data[LARGEST];
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return;
	size_t n = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	feed_changed(data, n);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint8_t data[200];
		size_t n = draw() % sizeof(data);
		for (size_t k = 0; k < n; k++)
			data[k] = (uint8_t)draw();
		feed(data, n);
	}
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
	for (const struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
		if (entry->d_name[0] != '.')
			feed_file(argv[1], entry->d_name);
	}
	if (dir)
		closedir(dir);
	printf("%lu inputs\n", inputs);
	return 0;
}
