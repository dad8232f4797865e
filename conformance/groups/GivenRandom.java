package org.apache.kafka.coordinator.group;

import java.nio.ByteBuffer;
import java.security.Provider;
import java.security.SecureRandomSpi;
import java.security.Security;
import java.util.Arrays;

/** What Apache draws its ids from: the number that it is given. */
public final class GivenRandom extends SecureRandomSpi {
    static long number;

    static void install() {
        Security.insertProviderAt(new Provider("Given", "1", "the number that is given") {
            {
                putService(new Service(this, "SecureRandom", "Given", GivenRandom.class.getName(), null, null));
            }
        }, 1);
    }

    @Override
    protected void engineSetSeed(byte[] seed) {
    }

    @Override
    protected void engineNextBytes(byte[] bytes) {
        Arrays.fill(bytes, (byte) 0);
        if (bytes.length >= Long.BYTES) ByteBuffer.wrap(bytes).putLong(bytes.length - Long.BYTES, number);
    }

    @Override
    protected byte[] engineGenerateSeed(int length) {
        return new byte[length];
    }
}
