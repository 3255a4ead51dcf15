// Records the known answers of ASP.NET Core in known_answers.json: what its own
// encryptors and its own key derivation give for fixed randomness, 00 01 02 … in
// the order in which the encryptor asks for it. The classes are internal, hence
// the reflection.
//
//     csc -out:record.dll record.cs && dotnet record.dll > known_answers.json
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption;

// Stands in for the internal interface IManagedGenRandom.
public class Sequence : DispatchProxy
{
    byte next;
    protected override object Invoke(MethodInfo method, object[] args)
    {
        var random = new byte[(int)args[0]];
        for (var i = 0; i < random.Length; i++) random[i] = next++;
        return random;
    }
}

static class Record
{
    static readonly Assembly assembly = typeof(Secret).Assembly;
    static Type Internal(string name) => assembly.GetType("Microsoft.AspNetCore.DataProtection." + name, true);

    static object NewSequence() => typeof(DispatchProxy)
        .GetMethods().First(m => m.Name == "Create" && m.IsGenericMethodDefinition)
        .MakeGenericMethod(Internal("Managed.IManagedGenRandom"), typeof(Sequence))
        .Invoke(null, null);

    static IAuthenticatedEncryptor Cbc(byte[] masterKey, int keySize, Func<KeyedHashAlgorithm> hash) =>
        (IAuthenticatedEncryptor)Activator.CreateInstance(Internal("Managed.ManagedAuthenticatedEncryptor"),
            new Secret(masterKey), (Func<SymmetricAlgorithm>)Aes.Create, keySize, hash, NewSequence());

    static IAuthenticatedEncryptor Gcm(byte[] masterKey, int keySize) =>
        (IAuthenticatedEncryptor)Activator.CreateInstance(Internal("Managed.AesGcmAuthenticatedEncryptor"),
            new Secret(masterKey), keySize, NewSequence());

    static readonly Dictionary<string, Func<KeyedHashAlgorithm>> hashes = new Dictionary<string, Func<KeyedHashAlgorithm>>
    {
        { "SHA1", () => new HMACSHA1() }, { "SHA256", () => new HMACSHA256() },
        { "SHA384", () => new HMACSHA384() }, { "SHA512", () => new HMACSHA512() },
    };

    static byte[] Bytes(int n, int factor) => Enumerable.Range(0, n).Select(i => (byte)(i * factor)).ToArray();

    static void Main()
    {
        var messages = new[]
        {
            new { masterKey = Encoding.UTF8.GetBytes("master key"), aad = new byte[] { 6, 5, 4, 3 }, plaintext = new byte[] { 2, 3, 4 } },
            new { masterKey = Bytes(64, 7), aad = new byte[0], plaintext = new byte[0] },
            new { masterKey = Bytes(128, 3), aad = Bytes(114, 5), plaintext = Bytes(16, 1) },
            new { masterKey = Bytes(129, 11), aad = Bytes(333, 13), plaintext = Bytes(100, 9) },
        };
        var seal = new List<object>();
        foreach (var m in messages)
        {
            foreach (var keySize in new[] { 16, 24, 32 })
            {
                foreach (var hash in hashes.Keys.Append(""))
                {
                    var encryptor = hash == "" ? Gcm(m.masterKey, keySize) : Cbc(m.masterKey, keySize, hashes[hash]);
                    var body = encryptor.Encrypt(new ArraySegment<byte>(m.plaintext), new ArraySegment<byte>(m.aad));
                    seal.Add(new { keySize, hash, m.masterKey, m.aad, m.plaintext, body });
                }
            }
        }

        var derive = new List<object>();
        var method = Internal("SP800_108.ManagedSP800_108_CTR_HMACSHA512").GetMethod("DeriveKeysWithContextHeader", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static);
        Func<byte[], HashAlgorithm> prf = key => new HMACSHA512(key);
        foreach (var masterKey in new[] { Encoding.UTF8.GetBytes("kdk"), Bytes(200, 3) })
        {
            foreach (var size in new[] { 1, 16, 63, 64, 65, 96, 128 })
            {
                var label = Encoding.UTF8.GetBytes("label");
                var contextHeader = Encoding.UTF8.GetBytes("contextHeader");
                var context = Encoding.UTF8.GetBytes("context");
                var output = new byte[size];
                method.Invoke(null, new object[] { masterKey, new ArraySegment<byte>(label), contextHeader, new ArraySegment<byte>(context), prf, new ArraySegment<byte>(output) });
                derive.Add(new { masterKey, label, contextHeader, context, output });
            }
        }
        Console.WriteLine(JsonSerializer.Serialize(new { seal, derive }, new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }
}
