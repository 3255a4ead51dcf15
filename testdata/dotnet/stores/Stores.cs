using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Data.Common;
using System.Linq;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using MySqlConnector;
using Npgsql;
using StackExchange.Redis;

namespace Peer
{
    /// <summary>
    /// Key rings in Redis and in SQL, over the clients that .NET applications use. The repositories do what those
    /// of Microsoft's packages for StackExchange.Redis and Entity Framework Core do with the same clients.
    /// </summary>
    static class Stores
    {
        static readonly ConcurrentDictionary<string, ConnectionMultiplexer> connections = new ConcurrentDictionary<string, ConnectionMultiplexer>();

        /// <summary>"kind", "connection" as the client wants it, and "name": of the list or the table.</summary>
        public static IXmlRepository Open(JsonObject store)
        {
            string connection = store.Text("connection"), name = store.Text("name");
            switch (store.Text("kind"))
            {
                case "redis":
                    return new RedisStore(connections.GetOrAdd(connection, c => ConnectionMultiplexer.Connect(c)).GetDatabase(), name);
                case "postgres":
                    return new SqlStore(() => new NpgsqlConnection(connection), '"', name);
                case "mysql":
                    return new SqlStore(() => new MySqlConnection(connection), '`', name);
            }
            throw new ArgumentException("no kind of store: " + store);
        }
    }

    /// <summary>A list of elements, without their names.</summary>
    sealed class RedisStore : IXmlRepository
    {
        readonly IDatabase database;
        readonly RedisKey key;

        public RedisStore(IDatabase database, string key)
        {
            this.database = database;
            this.key = key;
        }

        public IReadOnlyCollection<XElement> GetAllElements()
        {
            return database.ListRange(key).Select(value => XElement.Parse((string)value)).ToList().AsReadOnly();
        }

        public void StoreElement(XElement element, string friendlyName)
        {
            database.ListRightPush(key, element.ToString(SaveOptions.DisableFormatting));
        }
    }

    /// <summary>A table with the columns Id, FriendlyName and Xml.</summary>
    sealed class SqlStore : IXmlRepository
    {
        readonly Func<DbConnection> connect;
        readonly string select, insert;

        public SqlStore(Func<DbConnection> connect, char quote, string table)
        {
            this.connect = connect;
            select = "SELECT 'Xml' FROM 'TABLE'".Replace('\'', quote).Replace("TABLE", table);
            insert = "INSERT INTO 'TABLE' ('FriendlyName', 'Xml') VALUES (@name, @xml)".Replace('\'', quote).Replace("TABLE", table);
        }

        public IReadOnlyCollection<XElement> GetAllElements()
        {
            var elements = new List<XElement>();
            using (var connection = connect())
            {
                connection.Open();
                using (var command = connection.CreateCommand())
                {
                    command.CommandText = select;
                    using (var reader = command.ExecuteReader())
                    {
                        while (reader.Read())
                        {
                            var xml = reader.IsDBNull(0) ? null : reader.GetString(0);
                            if (!string.IsNullOrEmpty(xml))
                            {
                                elements.Add(XElement.Parse(xml));
                            }
                        }
                    }
                }
            }
            return elements.AsReadOnly();
        }

        public void StoreElement(XElement element, string friendlyName)
        {
            using (var connection = connect())
            {
                connection.Open();
                using (var command = connection.CreateCommand())
                {
                    command.CommandText = insert;
                    Add(command, "name", friendlyName);
                    Add(command, "xml", element.ToString(SaveOptions.DisableFormatting));
                    command.ExecuteNonQuery();
                }
            }
        }

        static void Add(DbCommand command, string name, string value)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }
    }
}
